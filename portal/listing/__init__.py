"""Lists of records from one declaration per record type, free of HTTP.

`declaration.py` says what a list can be, `kinds/` holds one declaration per record type, `state.py` reads what the URL
says, `engine.py` turns both into one statement. The same filters give the same rows in a page and in a count.
"""

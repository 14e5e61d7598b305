"""What of a record can be changed outside its own form: in the cell of a list, for many records at once, on a board.

Each change is declared once (`kinds`), made of what it asks for, why it skips a record, and the service that carries it
out. `runs` changes many: looked at as a draft first, then each record once.
"""

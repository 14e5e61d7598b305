"""Lists as files: which columns there are (`fields.py`), which rows (`reading.py`), how they are written (`files.py`).

The same declarations as on the screen say what stands in a column, the same engine says which rows in which order.
"""

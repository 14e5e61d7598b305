"""Reports: when they are due, what stands in them, and how the same content becomes a page, a PDF and a workbook.

`due.py` is the calendar, `catalogue.py` says of each report what it holds, `content.py` draws it up as data that can be
frozen, `drawing.py` turns the data into what is shown, `workbook.py` into a file. Source: `domain.md` 6.1.
"""

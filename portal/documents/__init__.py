"""Paper: the company's forms (F-xx) as A4 PDF. Data in `views`, HTML in `templates/documents/`, ink in `rendering`."""

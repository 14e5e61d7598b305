"""The history of the database's structure; `portal/database.py` applies it."""

"""The WSGI application that the web server imports."""

from portal.app import create_app

app = create_app()

"""Pages without signing in: health, metrics, the door to the right dashboard."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)

from blueprints.public import surveys, views  # noqa: E402, F401

"""Pages of front-desk."""

from flask import Blueprint

blueprint = Blueprint("front_desk", __name__, url_prefix="/front-desk")

from blueprints.front_desk import log, views  # noqa: E402, F401

"""Pages of specialist."""

from flask import Blueprint

blueprint = Blueprint("specialist", __name__, url_prefix="/specialist")

from blueprints.specialist import calls, views  # noqa: E402, F401

"""Pages of reviewer."""

from flask import Blueprint

blueprint = Blueprint("reviewer", __name__, url_prefix="/reviewer")

from blueprints.reviewer import bench, inspections, views  # noqa: E402, F401

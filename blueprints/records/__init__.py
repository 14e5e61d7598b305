"""Record pages that several roles share: /records/<kind>."""

from flask import Blueprint

blueprint = Blueprint("records", __name__, url_prefix="/records")

from blueprints.records import views  # noqa: E402, F401  (brings in every module of this package)

"""Pages of repair-captain."""

from flask import Blueprint

blueprint = Blueprint("repair_captain", __name__, url_prefix="/repair-captain")

from blueprints.repair_captain import jobs, record, sync, today, views  # noqa: E402, F401

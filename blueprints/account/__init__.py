"""Signing in and out, own account: everybody."""

from flask import Blueprint

blueprint = Blueprint("account", __name__, url_prefix="/account")

from blueprints.account import absences, notices, own, second_factor, texts, views  # noqa: E402, F401

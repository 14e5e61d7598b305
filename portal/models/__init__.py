"""Facts as stored, with the constraints that keep them true. Importing this package knows every table."""

from portal.models import (  # noqa: F401
    account,
    attachment,
    calendar,
    complaint,
    consultation,
    contract,
    customer,
    document,
    event,
    export,
    favourite,
    importing,
    merging,
    notice,
    org,
    outbox,
    project,
    setting,
    spelling,
    task,
)

"""The portal of the customer-service department: rules, records and services. The pages are in `blueprints/`."""

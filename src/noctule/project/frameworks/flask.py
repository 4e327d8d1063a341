"""Flask: webhooks are a blueprint, registered where the application is created."""

from noctule.project.frameworks.base import Framework

FLASK = Framework(
    id="flask",
    name="Flask",
    application=r"^[^#\n]*\bFlask\s*\(",
    dependencies=frozenset({"flask"}),
    factory="Flask",
    mount=(
        "from {package} import {module}",
        "{app}.register_blueprint({module}.blueprint)",
        "{module}.inbox.start()",
    ),
    run="flask --app {main}:{app} run",
    asynchronous=False,
    reserved=frozenset({"Blueprint", "Flask", "Response"}),
)

"""The stages as functions: from files in a project to a result that any face can show."""

"""The kernel that is recorded: its source, its configuration, its build."""

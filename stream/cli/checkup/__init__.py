"""What `redline doctor` looks at: one module a group of checks, each a function from settings to findings."""

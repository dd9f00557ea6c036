"""The rule language: rule files in, a `RuleSet` or diagnostics out. Public names are re-exported here."""

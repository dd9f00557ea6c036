"""The Grafana dashboards as code: `python -m ops.grafana` writes dashboards/*.json; `--check` finds stale ones."""

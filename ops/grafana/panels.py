"""What the dashboards' panels have in common, so that each panel is stated in a few lines.

Every panel has a title, a description, a unit and at least one query; all read the data source that the variable
`datasource` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import prometheus as prometheus_builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard, prometheus

SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "redline"
RATE = "$__rate_interval"
"""The shortest interval that a rate can be taken over, as Grafana works it out."""

COLUMNS = 24
"""Width of Grafana's grid; a panel's `span` is in these columns, its height in rows of 30 pixels."""

HEIGHT = 8
STAT_HEIGHT = 4

SEVERITY_COLORS = {"info": "blue", "low": "green", "medium": "yellow", "high": "orange", "critical": "red"}

Panel = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its series are named."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on, this colour."""

    value: float
    color: str


def over_time(
    title: str,
    description: str,
    unit: str,
    queries: Sequence[Query],
    *,
    span: int = 12,
    steps: Sequence[Step] = (),
    bars: bool = False,
    ceiling: float | None = None,
) -> timeseries.Panel:
    """Lines, or stacked bars; `steps` are drawn as dashed lines, `ceiling` is the top of the axis."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .span(span)
        .height(HEIGHT)
        .targets(_targets(queries))
        .line_width(1)
        .fill_opacity(70 if bars else 10)
        .show_points(common.VisibilityMode.NEVER)
        .legend(_legend(["max", "lastNotNull"]))
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
        .thresholds(_thresholds(steps))
    )
    if ceiling is not None:
        panel = panel.max(ceiling)
    if steps:
        dashed = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    if bars:
        panel = panel.draw_style(common.GraphDrawStyle.BARS).stacking(
            common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
        )
    return panel


def number(
    title: str, description: str, unit: str, expr: str, *, span: int = 4, steps: Sequence[Step] = (), decimals: int = 0
) -> stat.Panel:
    """One number, coloured by its steps, with its recent course behind it."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .decimals(decimals)
        .span(span)
        .height(STAT_HEIGHT)
        .targets(_targets([Query(expr, title)]))
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(common.BigValueGraphMode.AREA)
        .color_mode(common.BigValueColorMode.VALUE)
        .thresholds(_thresholds(steps))
    )


def ranking(title: str, description: str, unit: str, query: Query, *, span: int = 12) -> bargauge.Panel:
    """Bars, one for each series of an instant query, as sorted by it."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .decimals(0)
        .min(0)
        .span(span)
        .height(HEIGHT)
        .targets([_query(query, "A").instant()])
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .thresholds(_thresholds([]))
    )


def rows(
    title: str, description: str, unit: str, query: Query, *, value: str, hidden: Sequence[str] = (), span: int = 12
) -> table.Panel:
    """A table of an instant query: a column for each label, and one named `value`, the greatest value first."""
    organize = dashboard.DataTransformerConfig(
        id_val="organize",
        options={"excludeByName": dict.fromkeys(("Time", *hidden), True), "renameByName": {"Value": value}},
    )
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .span(span)
        .height(HEIGHT)
        .targets([_query(query, "A").instant().format(prometheus.PromQueryFormat.TABLE)])
        .with_transformation(organize)
        .override_by_name(value, [dashboard.DynamicConfigValue(id_val="unit", value=unit)])
        .sort_by([common_builders.TableSortByFieldState().display_name(value).desc(True)])
        .thresholds(_thresholds([]))
    )


def grown(counter: str, over: str, at: str = "") -> str:
    """How much a counter grew, of whose labels nobody knows before they come: the first one counts too.

    It began at 0, which `increase` cannot know; if its process was looked at so long ago, it was not there then.
    """
    new = f"({counter}{at} unless {counter} offset {over}{at}) and on (job, instance) up offset {over}{at} == 1"
    return f"({new}) or increase({counter}[{over}]{at})"


def color_severities(panel: timeseries.Panel) -> timeseries.Panel:
    """The series named like a severity get its colour."""
    for severity, color in SEVERITY_COLORS.items():
        fixed = dashboard.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})
        panel = panel.override_by_name(severity, [fixed])
    return panel


class Annotation:
    """What Prometheus found at a moment, as a line over all panels: a name, a query, and what is said at the line.

    The SDK's own model has no fields of data sources; this one adds those of Prometheus'.
    """

    def __init__(self, name: str, expr: str, *, title: str, tags: str, step: str, color: str) -> None:
        self._made = _PrometheusAnnotation(
            name=name, datasource=SOURCE, enable=True, icon_color=color, expr=expr, hide=False
        )
        self._made.fields = {"titleFormat": title, "tagKeys": tags, "step": step, "useValueForTime": False}

    def build(self) -> dashboard.AnnotationQuery:
        """The annotation."""
        return self._made


class _PrometheusAnnotation(dashboard.AnnotationQuery):
    fields: dict[str, object]

    def to_json(self) -> dict[str, object]:
        return {**super().to_json(), **self.fields}


def text(name: str, label: str, description: str, default: str) -> dashboard_builders.TextBoxVariable:
    """A variable that people may write themselves."""
    return dashboard_builders.TextBoxVariable(name).label(label).description(description).default_value(default)


def link_to(title: str, path: str) -> dashboard_builders.DashboardLink:
    """A link from a series to another page; the path may hold `${__field.labels.<label>}`."""
    made = dashboard_builders.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(path)
    return made.target_blank(True) if "://" in path or path.startswith("${page") else made


def new_dashboard(title: str, uid: str, description: str) -> dashboard_builders.Dashboard:
    """An empty dashboard with the variable `datasource` and links to the others of this project."""
    others = (
        dashboard_builders.DashboardLink("Redline")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(True)
        .include_vars(True)
    )
    source = dashboard_builders.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return (
        dashboard_builders.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .refresh("10s")
        .time("now-15m", "now")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(others)
        .with_variable(source)
    )


def in_rows(board: dashboard_builders.Dashboard, *rows: tuple[str, list[Panel]]) -> dashboard.Dashboard:
    """The dashboard with a row of panels under each title."""
    for title, panels in rows:
        board = board.with_row(dashboard_builders.Row(title))
        for panel in panels:
            board = board.with_panel(panel)
    return board.build()


def choice(name: str, label: str, query: str) -> dashboard_builders.QueryVariable:
    """A variable whose values Prometheus lists; several may be chosen, and at first all are."""
    return (
        dashboard_builders.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name})
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(dashboard.VariableOption(text="All", value="$__all", selected=True))
    )


def _targets(queries: Sequence[Query]) -> list[Builder[Dataquery]]:
    return [_query(query, chr(ord("A") + index)).range() for index, query in enumerate(queries)]


def _query(query: Query, name: str) -> prometheus_builders.Dataquery:
    return (
        prometheus_builders.Dataquery()
        .datasource(SOURCE)
        .expr(query.expr)
        .legend_format(query.legend or "__auto")
        .ref_id(name)
        .editor_mode(prometheus.QueryEditorMode.CODE)
    )


def _thresholds(steps: Sequence[Step]) -> dashboard_builders.ThresholdsConfig:
    base = dashboard.Threshold(value=None, color="green")
    above = [dashboard.Threshold(value=step.value, color=step.color) for step in steps]
    return dashboard_builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps([base, *above])


def _legend(calculations: list[str]) -> common_builders.VizLegendOptions:
    return (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(calculations)
    )

"""The live page: what people see and decide.

feed      Kafka -> cards, articles, decisions, in threads of its own
store     what is kept, all bounded; `counts` for the overview
hub       server-sent events: one bounded queue a reader, one ring for gaps
guard     Host, Origin, login, headers
cards     an alert as the page shows it; `filters` picks some; `article` is the text behind it
app       routes, limits, errors; the other modules hold one group of routes each
serve     start, beat, stop
static/   the page itself: HTML, CSS and JavaScript modules, served as they are
"""

"""The frozen values that travel the data path: Article, Match with its Evidence, Alert, Reject."""

from stream.model.alert import Alert
from stream.model.article import Article
from stream.model.detection import Detection, Group, Member, Ruling, Suppression
from stream.model.match import ArticleRef, Evidence, Match, RuleRef
from stream.model.record import Output, Record
from stream.model.reject import Reject
from stream.model.severity import ALERT_SEVERITIES, Severity
from stream.model.topics import TopicHit

__all__ = [
    "ALERT_SEVERITIES",
    "Alert",
    "Article",
    "ArticleRef",
    "Detection",
    "Evidence",
    "Group",
    "Match",
    "Member",
    "Output",
    "Record",
    "Reject",
    "RuleRef",
    "Ruling",
    "Severity",
    "Suppression",
    "TopicHit",
]

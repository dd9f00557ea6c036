"""Rules × articles → matches with evidence.

ReadArticle   an article, its title and body read          article
Matcher       the fast path: candidates, then evaluation   matcher
reference     the slow, obvious oracle                     reference
Evidence      exact slices of the article                  evidence
"""

from stream.matching.article import ReadArticle, read_article
from stream.matching.finds import Fired, Quiet, RuleMatch, Verdict
from stream.matching.limits import Limits
from stream.matching.matcher import Matcher

__all__ = ["Fired", "Limits", "Matcher", "Quiet", "ReadArticle", "RuleMatch", "Verdict", "read_article"]

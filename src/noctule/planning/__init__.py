"""From a request to an integration task, and from a task to what is wrong with it.

plan("Intégrer Stripe pour les paiements", layout=detect_layout(project)).task
gate(document, operations)          # raises Problem where the document lacks what is needed
check(task, pack=pack, document=document, language="fr")
"""

from noctule.planning.check import Finding, check
from noctule.planning.compose import Reason
from noctule.planning.gates import gate
from noctule.planning.layout import Layout, detect_layout
from noctule.planning.plan import Plan, plan
from noctule.planning.question import Choice, Question
from noctule.planning.request import detect_language

__all__ = [
    "Choice",
    "Finding",
    "Layout",
    "Plan",
    "Question",
    "Reason",
    "check",
    "detect_language",
    "detect_layout",
    "gate",
    "plan",
]

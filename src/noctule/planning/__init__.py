"""From a request to an integration task, or to the one question that must be answered first.

plan("Intégrer Stripe pour les paiements", layout=detect_layout(project)).task
"""

from noctule.planning.compose import ChoiceReason
from noctule.planning.language.request import detect_language
from noctule.planning.plan import Plan, plan
from noctule.planning.question import Choice, Question

__all__ = ["Choice", "ChoiceReason", "Plan", "Question", "detect_language", "plan"]

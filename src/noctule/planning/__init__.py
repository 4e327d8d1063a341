"""From a request to an integration task, or to the one question that must be answered first.

plan("Intégrer Stripe pour les paiements", layout=detect_layout(project)).task
"""

from noctule.planning.compose import OperationReason
from noctule.planning.language.request import detect_language
from noctule.planning.plan import PlanResult, plan
from noctule.planning.question import Question, QuestionChoice

__all__ = ["OperationReason", "PlanResult", "Question", "QuestionChoice", "detect_language", "plan"]

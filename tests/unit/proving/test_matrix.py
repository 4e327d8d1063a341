"""The matrix as people and machines read it."""

from __future__ import annotations

import json

from noctule.proving import Matrix, MatrixRow, Observed, PromiseCheck, summary, table

CREATE, LIST, EVENT = "create_payment", "list_payments", "payment.succeeded"
GOOD = Observed(
    kind="returned", outcome="Payment", requests=2, effects=1, waits=(0.8123,), seconds=1.04
)
FAILED = Observed(kind="raised", outcome="ServerError", requests=4, seconds=7.0)
TWICE = Observed(kind="returned", outcome="Payment", requests=2, effects=2, seconds=0.5)
HUNG = Observed(kind="hung", outcome="", requests=1)


def held(*promises: str) -> tuple[PromiseCheck, ...]:
    return tuple(PromiseCheck(promise, held=True, evidence={"seen": 1}) for promise in promises)


BROKEN = PromiseCheck("one_effect", held=False, evidence={"effects": ["/é", "/b"]})
MATRIX = Matrix(
    rows=(
        MatrixRow("status_500_once", CREATE, GOOD, held("returns", "one_effect", "in_time")),
        MatrixRow("status_500_once", LIST, FAILED, held("typed_error", "within_attempts")),
        MatrixRow("answer_lost", CREATE, TWICE, (*held("returns"), BROKEN)),
        MatrixRow(
            "timeout", LIST, HUNG, (PromiseCheck("in_time", held=False), *held("typed_error"))
        ),
        MatrixRow(
            "duplicate", EVENT, Observed(kind="answered", outcome="200, 200"), held("accepted")
        ),
    ),
    speed=50.0,
    seconds=1.234,
)
TABLE_EN = """\
   fault                method or event    what the wrapper did                                  promise
+  500, then success    create_payment     Payment · requests: 2, effects: 1 · 1.0 s             returns its result; exactly one effect
+  500, then success    list_payments      raised ServerError · requests: 4, effects: 0 · 7.0 s  typed error with a message for the user
!  done, response lost  create_payment     Payment · requests: 2, effects: 2 · 0.5 s             exactly one effect
!  no response          list_payments      did not finish · requests: 1, effects: 0 · 0.0 s      finished in time
+  same event twice     payment.succeeded  200, 200                                              accepted
"""  # noqa: E501
END_EN = """\
! create_payment, done, response lost: "exactly one effect" was broken: {"effects": ["/é", "/b"]}
! list_payments, no response: "finished in time" was broken: {}
And for every call: finished in time, no more attempts than planned, no secret logged.
8 of 10 promises held"""
TABLE_FR = """\
   panne                     méthode ou événement  ce qu'a fait le wrapper                                  promesse
+  500, puis succès          create_payment        Payment · requêtes : 2, effets : 1 · 1.0 s               renvoie son résultat; exactement un effet
+  500, puis succès          list_payments         a levé ServerError · requêtes : 4, effets : 0 · 7.0 s    erreur typée, avec un message pour l'utilisateur
!  fait, réponse perdue      create_payment        Payment · requêtes : 2, effets : 2 · 0.5 s               exactement un effet
!  aucune réponse            list_payments         ne s'est pas terminé · requêtes : 1, effets : 0 · 0.0 s  terminé dans le délai
+  même événement deux fois  payment.succeeded     200, 200                                                 accepté
"""  # noqa: E501
END_FR = """\
! create_payment, fait, réponse perdue : « exactement un effet » n'a pas été tenue : {"effects": ["/é", "/b"]}
! list_payments, aucune réponse : « terminé dans le délai » n'a pas été tenue : {}
Et pour chaque appel : terminé dans le délai, sans essai de trop, aucun secret journalisé.
8 promesses tenues sur 10"""  # noqa: E501
SUMMARY_EN = """\
   fault                what the wrapper did                promise
+  500, then success    result (1), raised ServerError (1)  returns its result; exactly one effect; typed error with a message for the user
!  done, response lost  result (1)                          exactly one effect
!  no response          did not finish (1)                  finished in time
+  same event twice     200, 200 (1)                        accepted
"""  # noqa: E501
SUMMARY_FR = """\
   panne                     ce qu'a fait le wrapper               promesse
+  500, puis succès          résultat (1), a levé ServerError (1)  renvoie son résultat; exactement un effet; erreur typée, avec un message pour l'utilisateur
!  fait, réponse perdue      résultat (1)                          exactement un effet
!  aucune réponse            ne s'est pas terminé (1)              terminé dans le délai
+  même événement deux fois  200, 200 (1)                          accepté
"""  # noqa: E501


def test_the_table_in_both_languages() -> None:
    assert table(MATRIX, "en") == TABLE_EN + END_EN
    assert table(MATRIX, "fr") == TABLE_FR + END_FR


def test_the_summary_in_both_languages() -> None:
    assert summary(MATRIX, "en") == SUMMARY_EN + END_EN
    assert summary(MATRIX, "fr") == SUMMARY_FR + END_FR


def test_the_count_and_the_verdict() -> None:
    assert MATRIX.promises == (8, 10)
    assert not MATRIX.held
    assert Matrix(MATRIX.rows[:2], 50.0, 1.0).held
    assert not Matrix((), 50.0, 1.0).held  # nothing was proven


def test_a_machine_reads_all_that_was_seen() -> None:
    told = json.loads(json.dumps(MATRIX.as_json()))
    assert told["held"] is False
    assert told["promises"] == {"held": 8, "total": 10}
    assert (told["speed"], told["seconds"], len(told["rows"])) == (50.0, 1.23, 5)
    assert told["rows"][2] == {
        "fault": "answer_lost",
        "method": "create_payment",
        "observed": {
            "kind": "returned",
            "outcome": "Payment",
            "requests": 2,
            "effects": 2,
            "waits": [],
            "seconds": 0.5,
        },
        "held": False,
        "promises": [
            {"promise": "returns", "held": True, "evidence": {"seen": 1}},
            {"promise": "one_effect", "held": False, "evidence": {"effects": ["/é", "/b"]}},
        ],
    }
    assert told["rows"][0]["observed"]["waits"] == [0.812]

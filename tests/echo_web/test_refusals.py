from __future__ import annotations

from dataclasses import replace
from html import unescape

import httpx
import pytest

from echo_core.intents import AskQuestion
from echo_core.messages import Action, Body, Press, Pressed, Receipt, Wrote
from echo_web.addresses import page_of
from tests.echo_web.conftest import CSRF, Served
from tests.echo_web.recording import ELSEWHERE, KEY, QUESTION

PAGE = page_of(KEY)
SEVERAL = replace(QUESTION, multiple=True)
HTMX = {"HX-Request": "true"}
OTHER = Press(Action.OTHER, "tok12345").encode()


def refuse(served: Served, notice: str = "There is no command `/reopn`.") -> None:
    """Have the core refuse everything."""
    served.core.answer = lambda _inbound: Receipt(accepted=False, notice=notice)


async def answer(served: Served, **fields: str | list[str]) -> httpx.Response:
    """Send the form of the open question."""
    return await served.post(f"{PAGE}/answers", page=PAGE, token="tok12345", question="0", **fields)


async def test_what_was_typed_is_shown_again(served: Served) -> None:
    """Refused words stand in their field, as they were, below the reason; nobody else is told of it."""
    served.desk.put()
    refuse(served)
    text = "\n/reopn D1 </textarea> & more"
    shown = await served.post(f"{PAGE}/messages", page=PAGE, text=text)
    assert shown.status_code == 409
    assert "There is no command <code>/reopn</code>." in shown.text
    field = shown.text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    assert unescape(field).removeprefix("\n") == text
    assert shown.text.index('id="problem"') < shown.text.index("<textarea")
    assert "Attach your files again" not in shown.text
    again = (await served.client.get(PAGE)).text
    assert "reopn" not in again


async def test_a_page_with_javascript_hears_why(served: Served) -> None:
    """It keeps the words itself, by the status, and gets the reason."""
    served.desk.put()
    refuse(served)
    token = CSRF.search((await served.client.get(PAGE)).text)
    assert token
    form = {"csrf": token[1], "text": "/reopn D1"}
    refused = await served.client.post(f"{PAGE}/messages", data=form, headers=HTMX)
    assert refused.status_code == 409
    assert "There is no command <code>/reopn</code>." in refused.text
    assert 'hx-target="#toasts"' in refused.text
    served.core.failing = 9
    refused = await served.client.post(f"{PAGE}/messages", data=form, headers=HTMX)
    assert refused.status_code == 503


async def test_files_have_to_be_given_again(served: Served) -> None:
    """A page cannot fill in files, and says so."""
    served.desk.put()
    refuse(served)
    token = CSRF.search((await served.client.get(PAGE)).text)
    assert token
    form = {"csrf": token[1], "text": "My notes"}
    shown = await served.client.post(f"{PAGE}/messages", data=form, files={"files": ("notes.txt", b"Milk")})
    assert shown.status_code == 409
    assert "Attach your files again" in shown.text
    assert "My notes</textarea>" in shown.text


async def test_what_cannot_be_written_down_is_shown_again(served: Served) -> None:
    """A full disk loses no words, of a new plan neither."""
    served.desk.put()
    served.core.failing = 9
    shown = await served.post(f"{PAGE}/messages", page=PAGE, text="Hello")
    assert shown.status_code == 503
    assert "Hello</textarea>" in shown.text
    served.core.failing = 9
    shown = await served.post("/plans", slug="shed", description="A shed")
    assert shown.status_code == 503
    assert "A shed</textarea>" in shown.text


async def test_own_words_are_shown_again(served: Served) -> None:
    """A refused answer stands in the question that it was for; when that is over, where something can be said."""
    served.desk.put(offer=SEVERAL)
    refuse(served, "Not now.")
    shown = (await answer(served, choice=["1", "other"], other="my cousin")).text
    assert 'value="1" checked' in shown
    assert 'value="0" checked' not in shown
    assert 'value="other" checked' in shown
    assert 'value="my cousin"' in shown
    assert shown.index("Not now.") < shown.index("<legend>")
    served.desk.put(offer=replace(QUESTION, token="later678"))
    shown = (await answer(served, choice="other", other="my cousin")).text
    assert 'value="my cousin"' not in shown
    assert "my cousin</textarea>" in shown


async def test_an_answer_without_words(served: Served) -> None:
    """Who chooses "Other…" alone is asked for words on the plan's own page."""
    served.desk.put(offer=QUESTION)
    shown = await answer(served, choice="other")
    assert shown.status_code == 422
    assert "Choose an option, or write an answer of your own." in shown.text
    assert 'value="other" checked' in shown.text
    assert "Who may use it?" in shown.text
    assert served.core.received == []


async def test_a_press_that_is_out_of_date(served: Served) -> None:
    """The plan is shown as it stands, with the reason; also where there is no plan to say something to."""
    served.desk.put(offer=QUESTION)
    refuse(served, "That is not open any more.")
    press = Press(Action.LEAVE, "plan0001").encode()
    shown = await served.post(f"{PAGE}/presses", page=PAGE, press=press)
    assert shown.status_code == 409
    assert "That is not open any more." in shown.text
    assert "Who may use it?" in shown.text
    served.desk.leave()
    shown = await served.post(f"{PAGE}/messages", page=PAGE, text="/resume todo-app")
    assert shown.status_code == 409
    assert shown.text.count("That is not open any more.") == 1


async def test_an_error_leads_back_to_the_plan(served: Served) -> None:
    """What is wrong below a plan leads to the plan, and not to the list of all alone."""
    served.desk.put(ELSEWHERE)
    shown = await served.client.get(page_of(ELSEWHERE, "/files/none"))
    assert shown.status_code == 404
    assert f'href="{page_of(ELSEWHERE)}"' in shown.text
    stale = await served.client.post(page_of(ELSEWHERE, "/messages"), data={"csrf": "x", "text": "Hello"})
    assert stale.status_code == 403
    assert f'href="{page_of(ELSEWHERE)}"' in stale.text
    assert 'href="/plans/' not in (await served.client.get(page_of(KEY))).text.partition("<main")[2]


@pytest.mark.parametrize(
    ("offer", "choice", "expected"),
    [
        (SEVERAL, ["0", "other"], Wrote(OTHER, "Only us two, and my cousin")),
        (SEVERAL, ["0"], Wrote(OTHER, "Only us two, and my cousin")),
        (SEVERAL, ["other"], Wrote(OTHER, "and my cousin")),
        (QUESTION, ["0"], Wrote(OTHER, "and my cousin")),
        (QUESTION, [], Wrote(OTHER, "and my cousin")),
    ],
)
async def test_own_words_are_never_dropped(
    served: Served, offer: AskQuestion, choice: list[str], expected: Wrote
) -> None:
    """Own words stand beside the options that were chosen where several can be, and else win over one."""
    served.desk.put(offer=offer)
    assert (await answer(served, choice=choice, other=" and my cousin ")).status_code == 303
    assert served.core.received[-1].body == expected


@pytest.mark.parametrize(
    ("choice", "words", "expected"),
    [
        (["0", "1", "other"], " ", Pressed(Press(Action.ANSWER, "tok12345", 0, 3).encode())),
        (["99", "1", "-1"], "x", Wrote(OTHER, "Anyone with a link, x")),
    ],
)
async def test_odd_choices(served: Served, choice: list[str], words: str, expected: Body) -> None:
    """An "Other…" without words takes nothing away from the options; strange places do no harm."""
    served.desk.put(offer=SEVERAL)
    await answer(served, choice=choice, other=words)
    assert served.core.received[-1].body == expected

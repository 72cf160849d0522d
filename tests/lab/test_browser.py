"""The page itself in headless Chromium: type, move, read, save, and write nonsense.

pytest -m browser -n 0
"""

from __future__ import annotations

import pytest

from tests.lab.browser import FIRST, LIVE, chromium, lab, missing, opened

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

WAIT = 60_000
"""Milliseconds; generous, as the machine may be busy. The benchmark measures."""


WATCHED = """new MutationObserver(() => {
    if (document.querySelector('.lab-busy')) window.saidToBeBusy = true;
}).observe(document, {childList: true, subtree: true})"""
"""Remembers whether the page ever said that it was working."""


@pytest.fixture(scope="module")
def at_lab():
    with lab() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page.asked_for, page.alerts = [], []
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.on("dialog", lambda dialog: (page.alerts.append(dialog.message), dialog.dismiss()))
        page.address = address
        page.add_init_script(WATCHED)
        opened(page, address)
        page.wait_for_selector("#lab-three-ways", timeout=2 * WAIT)
        yield page


@pytest.fixture
def page(at_lab):
    """The page as it begins."""
    pick(at_lab, "A long bowl")
    said(at_lab, "Two curvatures")
    pick(at_lab, "A slope: x² + y")
    said(at_lab, "There is no minimum")
    at_lab.wait_for_selector('#root img.lab-picture[alt*="from x = 3, y = 1 "]', timeout=WAIT)
    return at_lab


def pick(page, name):
    page.get_by_label("Pick a function").select_option(label=name)


def write(page, text):
    field = page.get_by_label("Or type one, then Enter")
    field.fill(text)
    field.press("Enter")


def said(page, text):
    page.wait_for_function(
        "text => document.body.innerText.includes(text)", arg=text, timeout=WAIT
    )  # waits for what the page shows, wherever it stands


def test_what_is_typed_is_derived_compared_and_descended(page):
    write(page, "x^2 + 3y^2")
    page.wait_for_selector(
        '#root img.lab-picture[alt*="minimum"], #root img.lab-picture[alt*="converging"]', timeout=WAIT
    )
    said(page, "agree")
    rules = page.locator(".lab-rule b")
    page.get_by_role("button", name="All lines").click()
    said(page, "The derivation is complete.")
    assert "sum rule" in rules.all_inner_texts()


def test_the_derivation_unfolds_line_by_line(page):
    before = page.locator(".lab-line").count()
    page.get_by_role("button", name="Next line").press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.lab-line').length == n", arg=before + 1, timeout=WAIT)
    assert page.locator(".lab-newest").count() == 1


def test_a_slider_moved_by_the_keyboard_makes_a_new_picture(page):
    pick(page, "A long bowl")
    page.wait_for_selector('#root img.lab-picture[alt*="10"], #root img.lab-picture[alt*="converging"]', timeout=WAIT)
    thumb = page.get_by_role("slider").first
    thumb.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    said(page, "diverging")
    said(page, "is above")


def test_every_control_is_reached_by_tab_and_has_a_name(page):
    page.get_by_label("Pick a function").focus()
    seen = []
    for _ in range(40):
        seen.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
    for name in ("Pick a function", "Or type one", "Learning rate", "Optimizer", "Start x", "Start y", "Steps"):
        assert any(name in label for label in seen), (name, seen)
    for name in ("Next line", "All lines", "Format", "Save the report"):
        assert any(name in label for label in seen), (name, seen)


def test_the_focus_is_seen_wherever_tab_leads_and_is_nowhere_caught(page):
    page.get_by_label("Pick a function").focus()
    names, unseen = [], []
    for _ in range(40):
        names.append(page.evaluate(FOCUSED))
        page.evaluate(REMEMBER)
        page.keyboard.press("Tab")
        page.wait_for_timeout(300)  # marimo fades its rings in and out
        if page.evaluate("window.looked && window.looked() === window.looks"):
            unseen.append(names[-1])
    assert unseen == []
    assert len(set(names)) > 12  # a trap would show the same few again and again
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == names[-1]


def test_everything_is_done_by_the_keyboard(page):
    page.get_by_label("Pick a function").focus()
    page.keyboard.press("ArrowDown")  # the next of the list
    said(page, "Product rule and chain rule")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED).startswith("Or type one")
    page.keyboard.press("Control+A")
    page.keyboard.type("x^4")
    page.keyboard.press("Enter")
    page.wait_for_selector(f'{LIVE}[alt*="from x = 1.6 "]', timeout=WAIT)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED).startswith("Learning rate")
    before = page.locator(".lab-stable b").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.lab-stable b').innerText !== before", arg=before)
    page.keyboard.press("Tab")
    before = page.locator(LIVE).get_attribute("src")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "before => document.querySelector('#root img.lab-picture').src !== before", arg=before, timeout=WAIT
    )
    assert page.get_by_label("Optimizer").locator("option:checked").inner_text() == "momentum"
    while "Save the report" not in page.evaluate(FOCUSED):
        page.keyboard.press("Tab")
    with page.expect_download(timeout=WAIT) as waiting:
        page.keyboard.press("Enter")
    assert waiting.value.suggested_filename.startswith("gradlab-report.")


REMEMBER = """() => {
    let found = document.activeElement;
    while (found && found.shadowRoot && found.shadowRoot.activeElement) found = found.shadowRoot.activeElement;
    const boxes = found === document.body ? [] : [found, found.parentElement].filter(Boolean);
    const look = box => {
        const style = getComputedStyle(box);
        return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor].join();
    };
    window.looked = boxes.length ? () => boxes.map(look).join() : null;
    window.looks = boxes.map(look).join();
}"""
"""Remembers how what has the focus looks, and the box around it: without the focus both look different."""


FOCUSED = """() => {
    let found = document.activeElement;
    while (found && found.shadowRoot && found.shadowRoot.activeElement) found = found.shadowRoot.activeElement;
    if (!found) return '';
    const root = found.getRootNode();
    const ids = (found.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean);
    const named = ids.map(id => root.getElementById(id)).filter(Boolean).map(e => e.textContent).join(' ');
    const label = found.id && root.querySelector(`label[for="${found.id}"]`);
    return named || found.getAttribute('aria-label') || (label && label.textContent) || found.textContent || '';
}"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('id')", "cannot start a name"),
        ("<script>alert(1)</script>", "comparison"),
        ("<img src=x onerror=alert(1)>", "<img src=x"),
        (r"\href{javascript:alert(1)}{x}", "is not read"),
        ("((x", "never closes"),
        ("1/0", "division by the number 0"),
        ("x" * 100_000, "characters are too many"),
    ],
    ids=lambda value: value[:12],
)
def test_wrong_input_is_said_as_text_and_the_page_goes_on(page, text, words):
    write(page, text)
    said(page, words)
    assert page.locator(".lab-trouble script, .lab-trouble img, .lab-trouble a").count() == 0
    assert page.alerts == []
    write(page, "x^2 + y")
    page.wait_for_selector('#root img.lab-picture[alt*="f(x, y)"]', timeout=WAIT)


def test_a_report_that_cannot_be_written_is_said_and_not_saved(page):
    saved = []

    def save(download):
        saved.append(download)

    page.on("download", save)
    write(page, "log(x - 9)")
    said(page, "needs")
    page.get_by_text("Save the report").click()
    page.wait_for_selector(".lab-trouble:below(:text('Save the report'))", timeout=WAIT)
    page.wait_for_timeout(500)
    page.remove_listener("download", save)
    assert saved == []


def test_the_report_is_saved(page):
    page.get_by_label("Format").select_option(label="Markdown")
    save = page.get_by_text("Save the report")
    with page.expect_download(timeout=WAIT) as waiting:
        save.click()
    assert waiting.value.suggested_filename == "gradlab-report.md"
    with open(waiting.value.path(), encoding="utf-8") as file:
        assert "# Report of the lab: f(x, y)" in file.read()


def test_a_phone_shows_it_without_scrolling_sideways(page):
    page.set_viewport_size({"width": 390, "height": 844})
    try:
        wide = page.evaluate("() => [document.documentElement.scrollWidth, document.querySelector('#App').scrollWidth]")
        assert max(wide) <= 390
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})


def test_what_takes_its_time_is_said_meanwhile(at_lab):
    assert at_lab.evaluate("window.saidToBeBusy")  # torch was loaded for the first verdict
    assert at_lab.locator(".lab-busy").count() == 0


def test_the_first_picture_needs_nothing_of_the_page_and_makes_way_for_it(at_lab):
    assert at_lab.locator("#lab-first").count() == 1
    assert not at_lab.locator("#lab-first").is_visible()
    bare = at_lab.context.browser.new_page()
    bare.route("**/*.js", lambda route: route.abort())
    bare.goto(at_lab.address)
    picture = bare.wait_for_selector(FIRST, timeout=WAIT)
    assert picture.get_attribute("alt").startswith("Descent of f(x, y) from x = 3, y = 1 ")
    assert bare.locator(LIVE).count() == 0
    bare.close()


TOP = "picture => Math.round(picture.getBoundingClientRect().top + scrollY)"


def test_the_first_picture_stays_where_it_is_on_a_phone_when_the_controls_come(at_lab):
    phone = at_lab.context.browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(at_lab.address, wait_until="commit")
    before = phone.wait_for_selector(FIRST, timeout=WAIT).evaluate(TOP)
    phone.wait_for_function("document.querySelector('#root .lab-controls')", timeout=WAIT)
    assert phone.wait_for_selector(LIVE, timeout=WAIT).evaluate(TOP) == pytest.approx(before, abs=2)
    phone.close()


def test_the_limit_stands_with_the_rate_and_follows_the_start(page):
    pick(page, "Rosenbrock's valley")
    said(page, "A bent valley")
    page.wait_for_selector(".lab-stable", timeout=WAIT)
    before = page.locator(".lab-stable").inner_text()
    thumb = page.get_by_role("slider").nth(1)
    thumb.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.lab-stable').innerText !== before", arg=before, timeout=WAIT
    )
    assert page.evaluate(FOCUSED).startswith("Start x")  # the control keeps the focus while the label changes


def test_nothing_is_asked_of_any_other_machine(at_lab):
    assert at_lab.asked_for
    assert [url for url in at_lab.asked_for if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


def test_the_page_needs_its_token(at_lab):
    stranger = at_lab.context.browser.new_context()
    other = stranger.new_page()
    other.goto(at_lab.address.partition("?")[0])
    assert "login" in other.url
    assert other.locator("#root img.lab-picture").count() == 0
    stranger.close()

"""The page of the lab. Every cell asks `workers` and shows what `page` makes of the answer."""

# ruff: noqa: ANN001, ANN002, ANN202  # cells: marimo calls them, and their parameters are the names of other cells
# pyright: reportMissingParameterType=false, reportUnusedExpression=false
# (what stands last in a cell is shown)

import marimo

# first.html is written beside a copy of this file by `serving`, which shows that copy.
app = marimo.App(width="full", app_title="gradlab lab", css_file="lab.css", html_head_file="first.html")


@app.cell
def _():
    import marimo as mo

    from gradlab.errors import ReportError
    from gradlab.lab import answering, controls, descending, models, page, workers, writing

    shown: dict[str, str] = {}
    heavy: set[tuple[str, str]] = set()

    def ask(title, *question):
        """Return the answer; what takes its time is said in place of the cell's output, beside what stood there."""

        def busy():
            mo.output.replace(mo.Html(page.working(title, shown.get(title, ""))))

        found = workers.asked(*question, slow=busy)
        if title not in shown:  # a cell that shows nothing else
            mo.output.clear()
        return found

    def section(title, body):
        shown[title] = page.section(title, body)
        return mo.Html(shown[title])

    return ReportError, answering, ask, controls, descending, heavy, mo, models, page, section, writing


@app.cell
def _(mo, page):
    mo.Html(page.HEAD)


@app.cell
def _(mo, models):
    _names = [model.name for model in models.MODELS]
    picked = mo.ui.dropdown(
        _names, value=models.FIRST.name, label="Pick a function", allow_select_none=False, full_width=True
    )
    return (picked,)


@app.cell
def _(controls, mo, models, picked, descending):
    _name, unlisted = controls.chosen(picked.value, [model.name for model in models.MODELS], "function")
    model = models.named(_name)
    typed = mo.ui.text(
        model.text, placeholder="text or LaTeX: x^2 + y", label="Or type one, then Enter", full_width=True
    )
    rate = mo.ui.slider(steps=controls.rates(model.rate), value=model.rate, label="Learning rate", full_width=True)
    rule = mo.ui.dropdown(
        list(descending.RULES), value="gradient descent", label="Optimizer", allow_select_none=False, full_width=True
    )
    steps = mo.ui.slider(1, descending.MOST_STEPS, value=50, label="Steps", show_value=True, full_width=True)
    return model, rate, rule, steps, typed, unlisted


@app.cell
def _(ask, controls, mo, model, typed):
    movable = ask("Function", "movable", typed.value, model.name)
    labels, begin, examples = (
        ((), (), 0) if movable.found is None else (movable.found.labels, movable.found.start, movable.found.examples)
    )
    start = mo.ui.array(
        [
            mo.ui.slider(
                low,
                high,
                step,
                value=value,
                label=f"Start {label}",
                include_input=True,
                full_width=True,
            )
            for label, value in zip(labels, begin, strict=True)
            for low, high, step in [controls.reach(value)]
        ]
    )
    batch = (
        mo.ui.slider(steps=controls.batches(examples), value=examples, label="Batch", show_value=True, full_width=True)
        if examples
        else None
    )
    return batch, examples, movable, start


@app.cell
def _(answering, ask, heavy, model, movable, start, typed):
    limit = answering.Answer(problem="not asked")
    if movable.found is not None and (typed.value, model.name) not in heavy:
        limit = ask("Function", "limit", typed.value, model.name, tuple(map(float, start.value)))
        if limit.problem:
            heavy.add((typed.value, model.name))  # not again at every move of the start
    return (limit,)


@app.cell
def _(batch, limit, mo, model, movable, page, picked, rate, rule, start, steps, typed, unlisted):
    mo.vstack(
        [
            picked,
            *([mo.Html(page.trouble(unlisted))] if unlisted else []),
            mo.Html(f'<p class="lab-about lab-controls">{page.escape(model.about)}</p>'),
            typed,
            *([mo.Html(page.trouble(movable.problem))] if movable.problem else []),
            rate,
            *([mo.Html(page.stable(float(rate.value), limit))] if movable.found is not None else []),
            rule,
            *start.elements,
            *([batch] if batch is not None else []),
            steps,
        ],
        gap=0.9,
    )


@app.cell
def _(batch, descending, examples, model, rate, rule, start, steps, typed):
    asked = descending.Asked(
        typed.value,
        model.name,
        tuple(map(float, start.value)),
        float(rate.value),
        rule.value,
        int(steps.value),
        0 if batch is None or batch.value == examples else int(batch.value),
    )
    return (asked,)


@app.cell
def _(ask, asked, limit, mo, movable, page, section):
    mo.stop(movable.found is None)
    walked = ask("Descent", "descent", asked)
    section(
        "Descent",
        page.trouble(walked.problem)
        if walked.found is None
        else page.rate(asked.rate, limit, asked.rule) + page.descent(walked.found) + page.took(walked),
    )


@app.cell
def _(ask, mo, model, movable, page, section, typed):
    mo.stop(movable.found is None)
    derived = ask("Gradient", "derivation", typed.value, model.name)
    section("Gradient", page.trouble(derived.problem) if derived.found is None else page.formulas(derived.found))
    return (derived,)


@app.cell
def _(derived, mo):
    count, set_count = mo.state(1)
    total = 0 if derived.found is None else len(derived.found.lines)
    return count, set_count, total


@app.cell
def _(count, mo, set_count, total):
    mo.stop(total == 0)
    following = mo.ui.button(
        label="Next line", disabled=count() >= total, on_click=lambda _: set_count(lambda now: min(now + 1, total))
    )
    everything = mo.ui.button(label="All lines", disabled=count() >= total, on_click=lambda _: set_count(total))
    again = mo.ui.button(label="From the start", disabled=count() <= 1, on_click=lambda _: set_count(1))
    mo.hstack(
        [mo.Html('<h2 class="lab-title">Step by step</h2>'), following, everything, again],
        justify="start",
        align="center",
        wrap=True,
        gap=0.5,
    )


@app.cell
def _(count, derived, mo, page, total):
    mo.stop(total == 0)
    mo.Html(page.unfolded(derived.found, min(count(), total)))


@app.cell
def _(ask, mo, model, movable, page, section, start, typed):
    mo.stop(movable.found is None)
    held = ask("Three ways", "gradients", typed.value, model.name, tuple(map(float, start.value)))
    section(
        "Three ways", page.trouble(held.problem) if held.found is None else page.verdicts(held.found) + page.took(held)
    )


@app.cell
def _(mo, movable, writing):
    mo.stop(movable.found is None)
    form = mo.ui.dropdown(list(writing.FORMATS), value="HTML", label="Format", allow_select_none=False)
    return (form,)


@app.cell
def _(ReportError, ask, asked, controls, form, mo, page, writing):
    _format, unknown = controls.chosen(form.value, writing.FORMATS, "format")
    ending = writing.FORMATS[_format]

    def made() -> bytes:
        written = ask("Report", "report", asked, ending)
        mo.output.replace(asking(page.trouble(written.problem) if written.found is None else ""))
        if written.found is None:
            raise ReportError(written.problem)  # so that no file is saved
        return written.found

    save = mo.download(made, filename=f"gradlab-report{ending}", label="Save the report")

    def asking(trouble=""):
        title = mo.Html('<h2 class="lab-title">Report</h2>')
        return mo.vstack([title, mo.hstack([form, save], justify="start", align="center", wrap=True), mo.Html(trouble)])

    asking(page.trouble(unknown) if unknown else "")


if __name__ == "__main__":
    app.run()

"""The fixed words of a document in each language: one table, and nothing in it is a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("en", "de")
"""The languages, by their tags of BCP 47."""


@dataclass(frozen=True)
class Words:
    """The words in one language; raises ValueError for a language that is not in the table.

    >>> Words("de").say("contents")
    'Inhalt'
    """

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"no language {self.language!r}; there are {', '.join(LANGUAGES)}")

    def say(self, key: str, **values: Any) -> str:
        """Return the words for *key*, with *values* in their places."""
        return TABLE[key][LANGUAGES.index(self.language)].format(**values)

    def count(self, number: int, noun: str) -> str:
        """Return a number with its noun: ``1 step``, ``2,000 steps``."""
        written = f"{number:,}" if self.language == "en" else f"{number:,}".replace(",", "\u202f")
        return f"{written} {self.say(noun if number == 1 else f'{noun}s')}"

    def listed(self, names: list[str]) -> str:
        """Return names as a sentence lists them."""
        *first, last = names
        return f"{', '.join(first)} {self.say('and')} {last}" if first else last

    def rule(self, name: str) -> str:
        """Return the name of a rule; one that is not in the table stays as it is."""
        found = TABLE.get(f"rule {name}")
        return name if found is None else found[LANGUAGES.index(self.language)]


TABLE: Mapping[str, tuple[str, str]] = {
    # Titles.
    "contents": ("Contents", "Inhalt"),
    "function": ("The function {name}", "Die Funktion {name}"),
    "gradient of": ("The gradient of {name}", "Der Gradient von {name}"),
    "derivation": ("Derivation of the gradient of {name}", "Herleitung des Gradienten von {name}"),
    "gradients": ("Gradients", "Gradienten"),
    "as written": ("The function as written", "Die Funktion, wie sie geschrieben ist"),
    "step by step": ("Step by step", "Schritt für Schritt"),
    "closed form": ("Closed form", "Geschlossene Form"),
    "as code": ("As a program", "Als Programm"),
    "route": ("Gradient by the {route} route", "Gradient auf dem Weg „{route}“"),
    "comparison": (
        "The gradient of {name} by {routes}: {verdict}",
        "Der Gradient von {name} auf {routes}: {verdict}",
    ),
    "steps of differences": ("Error against step size", "Fehler und Schrittweite"),
    "backpropagation": ("Backpropagation", "Rückwärtsrechnung"),
    "descent": ("Descent{name}", "Abstieg{name}"),
    "of": (" of {name}", " von {name}"),
    "loss title": ("Loss at each step", "Verlust bei jedem Schritt"),
    "why so": ("Why it went so", "Warum es so ging"),
    "directions title": ("Error along each direction", "Fehler in jeder Richtung"),
    "rates of": ("Learning rates of {name}", "Lernraten von {name}"),
    "rates title": ("Loss against the learning rate", "Verlust und Lernrate"),
    "path title": ("Path of the descent", "Weg des Abstiegs"),
    "provenance": ("Provenance", "Herkunft"),
    "worksheet of": ("Worksheet: {title}", "Arbeitsblatt: {title}"),
    "solutions of": ("Solutions: {title}", "Lösungen: {title}"),
    "exercise": ("Exercise: {name}", "Aufgabe: {name}"),
    # The function and its derivation.
    "no formula": (
        "It has no formula, so only the numeric routes are open: {reason}.",
        "Sie hat keine Formel, darum sind nur die numerischen Wege offen: {reason}.",
    ),
    "with": ("with the named values", "mit den benannten Werten"),
    "name": ("name", "Name"),
    "values": ("values", "Werte"),
    "role": ("role", "Rolle"),
    "variable": ("variable", "Variable"),
    "data": ("data", "Daten"),
    "a number": ("a number", "eine Zahl"),
    "shape": ("shape ({sizes})", "Form ({sizes})"),
    "guards": ("The code decides ({places}); this holds for", "Das Programm entscheidet ({places}); dies gilt für"),
    "stable": (
        "It is differentiated in a form that is numerically stable ({because}):",
        "Abgeleitet wird eine Form, die numerisch stabil ist ({because}):",
    ),
    "by": ("By {name}", "Nach {name}"),
    "by one": ("By {name}, with {constant} held constant", "Nach {name}, wobei {constant} fest bleibt"),
    "backwards": ("From the result back to the variables", "Vom Ergebnis zurück zu den Variablen"),
    "second": ("Second derivatives", "Zweite Ableitungen"),
    "evidence": (
        "Every rule was checked without the rules that made it: of {steps}, {kinds}.",
        "Jede Regel wurde ohne die Regeln geprüft, aus denen sie kommt: von {steps} {kinds}.",
    ),
    "exact": ("exact", "exakt"),
    "certified": ("certified", "zertifiziert"),
    "sampled": ("sampled", "an Stichproben geprüft"),
    "unproved": ("unproved", "unbewiesen"),
    "step": ("step", "Schritt"),
    "steps": ("steps", "Schritten"),
    "deltas": (
        "The deltas, the derivatives of the result with respect to the named values, are",
        "Die Deltas, die Ableitungen des Ergebnisses nach den benannten Werten, sind",
    ),
    "gradient is": ("so the gradient is", "also ist der Gradient"),
    "in matrix form": ("or, in matrix form,", "oder in Matrixform"),
    "in index form": ("or, in index form,", "oder in Indexform"),
    "second is": ("and the second derivatives are", "und die zweiten Ableitungen sind"),
    "holds": ("This holds for {conditions}.", "Dies gilt für {conditions}."),
    "program": (
        "The value and the gradient as a program that needs only NumPy:",
        "Wert und Gradient als Programm, das nur NumPy braucht:",
    ),
    "and": ("and", "und"),
    "note": ("Note: {note}.", "Anmerkung: {note}."),
    "picture": ("Picture", "Bild"),
    # Numbers at a point.
    "value at": ("At {point} the function is {value}.", "Bei {point} hat die Funktion den Wert {value}."),
    "at": ("At {point}:", "Bei {point}:"),
    "component": ("component", "Komponente"),
    "partial": ("derivative", "Ableitung"),
    "error bound": ("error at most", "Fehler höchstens"),
    "kink in": ("kink in", "Knick in"),
    "slope left": ("slope to the left", "Steigung links"),
    "slope right": ("slope to the right", "Steigung rechts"),
    "left out": (
        "{hidden} of {rows} rows are left out.",
        "{hidden} von {rows} Zeilen sind ausgelassen.",
    ),
    "one route": ("route", "Weg"),
    "one routes": ("routes", "Wegen"),
    "symbolic column": (
        "The symbolic column is equation {{}} evaluated.",
        "Die Spalte „symbolic“ ist Gleichung {{}}, ausgerechnet.",
    ),
    "verdict": ("verdict", "Urteil"),
    "agree": ("agree", "gleich"),
    "differ": ("differ", "verschieden"),
    "kink": ("kink", "Knick"),
    "unstable": ("unstable", "instabil"),
    "undecided": ("undecided", "unentschieden"),
    "step sizes": (
        "The error of finite differences for {component} against their step, on logarithmic axes.",
        "Der Fehler der Differenzenquotienten für {component} gegen ihre Schrittweite, auf logarithmischen Achsen.",
    ),
    "estimate": (
        "The estimate is {value} with an error of at most {bound}.",
        "Der Schätzwert ist {value} mit einem Fehler von höchstens {bound}.",
    ),
    "forward": ("Forward, from the variables to the result:", "Vorwärts, von den Variablen zum Ergebnis:"),
    "backward": ("Backward, from the result to the variables:", "Rückwärts, vom Ergebnis zu den Variablen:"),
    "operation": ("operation", "Operation"),
    "value": ("value", "Wert"),
    "local derivative": ("local derivative", "lokale Ableitung"),
    "apart": ("apart", "Abstand"),
    "graph": (
        "The graph of {name}: {operations}, the values going down and the deltas coming back up.",
        "Der Graph von {name}: {operations}; Werte gehen abwärts, Deltas kommen aufwärts zurück.",
    ),
    "operation noun": ("operation", "Operation"),
    "operation nouns": ("operations", "Operationen"),
    # A descent.
    "went": (
        "By {rule}, with the gradient from the {engine} engine, {steps} from {start}.",
        "Mit {rule} und dem Gradienten der Maschine „{engine}“, {steps} von {start} aus.",
    ),
    "unknown rule": ("a rule that is not known", "einer unbekannten Regel"),
    "compared": (
        "Before the first step the gradients were compared at the start: {verdict}.",
        "Vor dem ersten Schritt wurden die Gradienten am Start verglichen: {verdict}.",
    ),
    "descent step": ("step", "Schritt"),
    "descent steps": ("steps", "Schritte"),
    "loss": ("loss", "Verlust"),
    "stopped": ("Stopped: {why}.", "Beendet: {why}."),
    "curvature at": ("Curvature at the {where}:", "Krümmung {where}:"),
    "the start": ("start", "am Start"),
    "the end": ("end", "am Ende"),
    "the lowest point": ("lowest point", "am tiefsten Punkt"),
    "multiplies": ("One step multiplies the error:", "Ein Schritt vervielfacht den Fehler:"),
    "along": ("along", "längs"),
    "curvature": ("curvature", "Krümmung"),
    "predicted": ("predicted", "vorhergesagt"),
    "observed": ("observed", "beobachtet"),
    "directions alt": (
        "The error along each eigenvector at each step, and dashed what its eigenvalue predicts.",
        "Der Fehler längs jedes Eigenvektors bei jedem Schritt, gestrichelt die Vorhersage seines Eigenwerts.",
    ),
    "swept": (
        "{rates} of {rule}, {steps} each, from {start}.",
        "{rates} von {rule}, je {steps}, von {start} aus.",
    ),
    "rate": ("rate", "Rate"),
    "rates": ("rates", "Raten"),
    "loss at the end": ("loss at the end", "Verlust am Ende"),
    "diverged": ("diverged", "divergiert"),
    "suggested": ("Suggested: **{reason}**.", "Vorschlag: **{reason}**."),
    "rates alt": (
        "The loss after {steps} against the learning rate, with what is suggested: {reason}.",
        "Der Verlust nach {steps} über der Lernrate, mit dem Vorschlag: {reason}.",
    ),
    "losses alt": (
        "The loss at each step of the descent: from {first} to {last} in {steps}.",
        "Der Verlust bei jedem Schritt des Abstiegs: von {first} auf {last} in {steps}.",
    ),
    "curve alt": (
        "The curve of {name} with the points on it: from {first} to {last}.",
        "Die Kurve von {name} mit den Punkten darauf: von {first} bis {last}.",
    ),
    "levels alt": (
        "The levels of {name}, the path across them: from {first} to {last}.",
        "Die Höhenlinien von {name} und der Weg darüber: von {first} bis {last}.",
    ),
    # Provenance.
    "used": ("used", "benutzt"),
    "version": ("version", "Version"),
    "numbers": ("numbers", "Zahlen"),
    "seed": ("seed", "Startwert"),
    "command": ("To reproduce this document:", "So entsteht dieses Dokument noch einmal:"),
    # Worksheets.
    "task": (
        "Derive {parts} step by step, and name each rule.",
        "Leiten Sie {parts} Schritt für Schritt her und nennen Sie jede Regel.",
    ),
    "task descent": (
        "Take {steps} by {rule} from {start}, and write down each point and its loss.",
        "Gehen Sie {steps} mit {rule} von {start} aus und schreiben Sie jeden Punkt und seinen Verlust auf.",
    ),
    "taken step": ("step", "Schritt"),
    "taken steps": ("steps", "Schritte"),
    "task at": ("Evaluate your gradient at {point}.", "Werten Sie Ihren Gradienten bei {point} aus."),
    "answer": ("Solution", "Lösung"),
    "your name": ("Name: " + r"\_" * 40, "Name: " + r"\_" * 40),
    # The names of rules, as far as they have one in each language; another stays as it is.
    "rule identity": ("identity", "Identität"),
    "rule constant": ("constant", "Konstante"),
    "rule sum rule": ("sum rule", "Summenregel"),
    "rule constant multiple": ("constant multiple", "Faktorregel"),
    "rule product rule": ("product rule", "Produktregel"),
    "rule product rule for many factors": ("product rule for many factors", "Produktregel für mehrere Faktoren"),
    "rule product rule, first factor": ("product rule, first factor", "Produktregel, erster Faktor"),
    "rule product rule, second factor": ("product rule, second factor", "Produktregel, zweiter Faktor"),
    "rule quotient rule": ("quotient rule", "Quotientenregel"),
    "rule chain rule": ("chain rule", "Kettenregel"),
    "rule chain rule, several inner functions": (
        "chain rule, several inner functions",
        "Kettenregel, mehrere innere Funktionen",
    ),
    "rule sum over an index": ("sum over an index", "Summe über einen Index"),
    "rule differentiation by cases": ("differentiation by cases", "Ableitung nach Fällen"),
    "rule logarithmic differentiation": ("logarithmic differentiation", "logarithmische Ableitung"),
    "rule where": ("where", "mit"),
    "rule root as a power": ("root as a power", "Wurzel als Potenz"),
    "rule reciprocal as a power": ("reciprocal as a power", "Kehrwert als Potenz"),
    "rule division term by term": ("division term by term", "Division Glied für Glied"),
    "rule substitution": ("substitution", "Einsetzen"),
    "rule simplification": ("simplification", "Vereinfachung"),
    "rule names written out": ("names written out", "Namen ausgeschrieben"),
    "rule power rule": ("power rule", "Potenzregel"),
    "rule power rule, negative exponent": ("power rule, negative exponent", "Potenzregel, negativer Exponent"),
    "rule power rule, fractional exponent": ("power rule, fractional exponent", "Potenzregel, gebrochener Exponent"),
    "rule general power rule": ("general power rule", "allgemeine Potenzregel"),
    "rule square root": ("square root", "Quadratwurzel"),
    "rule exponential": ("exponential", "Exponentialfunktion"),
    "rule natural logarithm": ("natural logarithm", "natürlicher Logarithmus"),
    "rule sigmoid": ("sigmoid", "Sigmoidfunktion"),
    "rule sine": ("sine", "Sinus"),
    "rule cosine": ("cosine", "Kosinus"),
    "rule tangent": ("tangent", "Tangens"),
    "rule inverse sine": ("inverse sine", "Arkussinus"),
    "rule inverse cosine": ("inverse cosine", "Arkuskosinus"),
    "rule inverse tangent": ("inverse tangent", "Arkustangens"),
    "rule hyperbolic sine": ("hyperbolic sine", "Sinus hyperbolicus"),
    "rule hyperbolic cosine": ("hyperbolic cosine", "Kosinus hyperbolicus"),
    "rule hyperbolic tangent": ("hyperbolic tangent", "Tangens hyperbolicus"),
    "rule sign": ("sign", "Vorzeichen"),
    "rule absolute value": ("absolute value", "Betrag"),
    "rule rectifier": ("rectifier", "Rampenfunktion"),
    "rule larger of two": ("larger of two", "Größeres von zweien"),
    "rule smaller of two": ("smaller of two", "Kleineres von zweien"),
    "rule cases": ("cases", "Fälle"),
    "rule broadcast": ("broadcast", "Verteilen"),
    "rule dot product": ("dot product", "Skalarprodukt"),
    "rule matrix product, left factor": ("matrix product, left factor", "Matrixprodukt, linker Faktor"),
    "rule matrix product, right factor": ("matrix product, right factor", "Matrixprodukt, rechter Faktor"),
    "rule norm": ("norm", "Norm"),
    "rule transpose": ("transpose", "Transponierte"),
    "rule determinant": ("determinant", "Determinante"),
    "rule inverse": ("inverse", "Inverse"),
    "rule indexing": ("indexing", "Indizieren"),
    "rule reshape": ("reshape", "Umformen"),
}

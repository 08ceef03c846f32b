from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from kerasemo.command_line import check, description, file, from_options, no_option, option, parameters, with_parameters
from kerasemo.errors import InputError, WrongCall


@dataclass(frozen=True)
class Meal:
    """What is cooked.

    And how.

    Args:
        dish: what it is.
        sides: what is beside it.
        minutes: how long it takes.
        heat: of the stove.
    """

    dish: Literal["soup", "stew"] = "soup"
    sides: Sequence[Literal["bread", "rice"]] = option(("bread",), name="--side")
    minutes: int | None = option(None, min=5, max=90)
    heat: float = option(1.0, "How hot.", above=0)
    recipe: str = file(required=True)
    digest: str = no_option("")

    def __post_init__(self):
        check(self, "a meal")


@pytest.fixture
def cook(tmp_path):
    """Runs a command with the options of a meal and a recipe that is there -> result, and the meals that it cooked."""
    recipe, meals = tmp_path / "recipe", []
    recipe.touch()

    def command(**options):
        meals.append(from_options(Meal, options))

    app = typer.Typer(rich_markup_mode=None)
    app.command(help=description(Meal))(with_parameters(command, parameters(Meal)))
    return lambda *arguments: (CliRunner().invoke(app, ["--recipe", str(recipe), *arguments]), meals, recipe)


def test_what_is_not_given_takes_the_default_of_the_field(cook):
    done, [meal], recipe = cook()
    assert done.exit_code == 0, done.output
    assert meal == Meal(recipe=recipe, sides=["bread"])


def test_what_is_given_is_the_value_of_the_field(cook):
    done, [meal], recipe = cook("--dish", "stew", "--side", "rice", "--side", "bread", "--minutes", "90", "--heat", "2")
    assert done.exit_code == 0, done.output
    assert meal == Meal("stew", ["rice", "bread"], 90, 2.0, recipe)


def test_help_is_that_of_the_field_or_of_the_docstring(cook):
    text = " ".join(cook("--help")[0].output.split())
    assert "What is cooked. And how." in text and "Args" not in text
    for said in ("--heat <float> How hot.", "What it is.", "[bread|rice]", "5<=x<=90", "[required]"):
        assert said in text
    assert "--digest" not in text and "--sides" not in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dish", "pie"], "--dish"),
        (["--minutes", "4"], "--minutes"),
        (["--recipe", "absent"], "does not exist"),
        (["--digest", "0"], "No such option"),
    ],
)
def test_typer_refuses_what_the_field_does_not_allow(cook, arguments, sentence):
    done, meals, _ = cook(*arguments)
    assert done.exit_code == 2 and sentence in done.stderr and not meals


@pytest.mark.parametrize("arguments", [["--side", "peas"], ["--heat", "0"]])
def test_what_typer_lets_through_is_a_wrong_call(cook, arguments):
    done, meals, _ = cook(*arguments)
    assert isinstance(done.exception, WrongCall) and not meals


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"dish": "pie"}, "a meal: dish must be one of soup, stew. Received: 'pie'"),
        ({"sides": ["bread", "peas"]}, "sides must be one of bread, rice. Received: "),
        ({"sides": []}, "sides must have an entry at least"),
        ({"minutes": 4}, "minutes must lie between 5 and 90. Received: 4"),
        ({"minutes": 91}, "minutes must lie between 5 and 90"),
        ({"heat": 0.0}, "heat must be above 0"),
        ({"heat": float("nan")}, "heat must be above 0"),
        ({"heat": float("inf")}, "heat must be above 0"),
    ],
)
def test_values_from_python_are_held_to_the_same(values, sentence):
    with pytest.raises(InputError) as raised:
        Meal(**values)
    assert sentence in str(raised.value)

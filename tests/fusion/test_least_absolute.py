import numpy as np
import pytest
from sklearn.svm import LinearSVR

from kerasemo.fusion.least_absolute import Problem, objective, solve
from kerasemo.fusion.windows import Windows

TOL = 1e-4


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(400, 8)) @ generator.normal(size=(8, 8)) * 0.1
    targets = inputs @ generator.normal(size=(8, 2)) + 0.2 * generator.laplace(size=(400, 2)) + [0.3, -1.0]
    return inputs, targets


def solved(inputs, targets, Cs, tol=TOL):
    table = np.hstack([inputs, np.ones((len(inputs), 1))])
    shared, own = (Windows(part, [len(inputs)], reach=0) for part in (inputs, inputs[:, :0]))
    problems = [Problem(C, np.ones(table.shape[1]), table.T @ table, targets, own) for C in Cs]
    solve(shared, problems, tol=tol, max_iter=5000)
    return problems


@pytest.mark.parametrize("C", [0.001, 0.01, 0.1, 1.0])
def test_solution_is_the_optimum_of_linear_svr(problem, C):
    inputs, targets = problem
    (solution,) = solved(inputs, targets, [C])
    value = objective(solution.weights, np.ones((9, 1)), solution.fitted - targets, C)
    for column in range(2):
        svr = LinearSVR(C=C, epsilon=0, tol=1e-9, max_iter=1_000_000, random_state=0)
        svr.fit(inputs, targets[:, column])
        weights = np.append(svr.coef_, svr.intercept_)[:, None]
        residuals = (svr.predict(inputs) - targets[:, column])[:, None]
        assert value[column] == pytest.approx(objective(weights, np.ones((9, 1)), residuals, C)[0], rel=2 * TOL)


def test_gap_bounds_the_distance_to_the_optimum(problem):
    inputs, targets = problem
    best = solved(inputs, targets, [0.1], tol=1e-7)[0]
    lowest = objective(best.weights, best.cost, best.fitted - targets, 0.1)
    rough = solved(inputs, targets, [0.1], tol=0.2)[0]
    value = objective(rough.weights, rough.cost, rough.fitted - targets, 0.1)
    assert (rough.gap > 1e-4).any()
    assert (value - lowest <= rough.gap * value * (1 + 1e-6)).all()


def test_problems_solved_together_are_independent(problem):
    inputs, targets = problem
    together = solved(inputs, targets, [0.01, 1.0])
    for C, solution in zip([0.01, 1.0], together, strict=True):
        (expected,) = solved(inputs, targets, [C])
        np.testing.assert_allclose(solution.weights, expected.weights, atol=1e-9)

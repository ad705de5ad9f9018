"""The solvers live in one process, whichever is loaded first."""

import subprocess
import sys

import pytest

LINEAR = """
import highspy
highs = highspy.Highs()
highs.silent()
x = highs.addVariable(lb=0, ub=4, obj=-1)
y = highs.addVariable(lb=0, ub=4, obj=-1)
highs.addConstr(x + 2 * y <= 8)
highs.run()
assert round(highs.getInfo().objective_function_value, 9) == -6
"""
CONSTRAINTS = """
from ortools.sat.python import cp_model
model = cp_model.CpModel()
x, y = model.new_int_var(0, 4, "x"), model.new_int_var(0, 4, "y")
model.add(x + 2 * y <= 8)
model.maximize(x + y)
solver = cp_model.CpSolver()
assert solver.solve(model) == cp_model.OPTIMAL
assert solver.objective_value == 6
"""


@pytest.mark.parametrize(
    "program", [LINEAR + CONSTRAINTS, CONSTRAINTS + LINEAR], ids=["linear first", "constraints first"]
)
def test_both_solvers_answer_in_one_process(program: str) -> None:
    """Two wheels may bring two versions of one shared library: the one loaded later then fails to load."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr

"Methods are found by name, in an order, and other rooms can add theirs."

import pytest

from spurious_core.mitigate import registry
from spurious_core.mitigate.method import Method
from spurious_core.mitigate.registry import METHODS, find_method, methods_table, register

NAMES = "ERM Resample SUBG GroupDRO CVaR-DRO JTT LfF EIIL LISA MaskTune DFR AFR SpuFix"


def test_the_methods_are_those_of_the_notebooks_in_order():
    assert list(METHODS) == NAMES.split()
    assert all(method.name == name for name, method in METHODS.items())
    assert len({method.order for method in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize(
    "name, expected",
    [("group dro", "GroupDRO"), ("cvar", "CVaR-DRO"), ("jtt", "JTT"), ("spu-fix", "SpuFix"), ("ERM", "ERM")],
)
def test_spelling_is_forgiven(name, expected):
    assert find_method(name).name == expected


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="method='magic' is unknown; allowed: ERM, Resample"):
        find_method("magic")


def test_another_room_registers_its_method(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", {})
    painted = Method("Painted", "nobody", "nothing", run=None, val_groups=True)
    assert register(painted) is painted
    assert find_method("painted") is painted and "Painted" not in METHODS
    assert methods_table(["Painted"], "average").val_groups.tolist() == [True]
    with pytest.raises(ValueError, match="there is a method 'dfr' already"):
        register(Method("dfr", "nobody", "nothing", run=None))


def test_tables_say_who_knows_groups():
    table = methods_table(selection="average")
    assert table.index[table.train_groups].tolist() == ["Resample", "SUBG", "GroupDRO", "LISA"]
    assert table.index[table.val_groups].tolist() == ["DFR", "SpuFix"]
    assert methods_table().val_groups.all()
    assert [name for name, method in METHODS.items() if method.refits_on_validation] == ["DFR"]

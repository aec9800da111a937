"A training that is stopped and taken up again ends as if nothing had happened."

import os
import signal
from pathlib import Path

import pytest
import torch
from diffusers.training_utils import EMAModel
from safetensors.torch import save_file

from spurious_core.core import checkpoints
from spurious_core.core.checkpoints import (
    find_damage,
    load_state,
    naming_damage,
    pack_optimiser,
    read_if_whole,
    read_tensors,
    read_weights,
    save_safetensors,
    save_state,
    unpack_optimiser,
    write_tensors,
)
from spurious_core.core.files import open_safetensors, sweep_away
from support.modes import modes, readable_by_all


def training(optimiser=torch.optim.AdamW):
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    return net, optimiser(net.parameters(), lr=0.1), EMAModel(net.parameters(), decay=0.9)


def go_on(net, opt, ema, steps):
    for step in steps:
        opt.zero_grad()
        net(torch.full((4, 3), step + 1.0)).square().mean().backward()
        opt.step()
        ema.step(net.parameters())


@pytest.mark.parametrize("optimiser", [torch.optim.AdamW, torch.optim.Adagrad, torch.optim.NAdam])
def test_resumed_is_the_same_to_the_last_bit(tmp_path, optimiser):
    through, halves, later = (training(optimiser) for _ in range(3))
    go_on(*through, range(6))
    go_on(*halves, range(3))
    file = tmp_path / "state.safetensors"
    save_state(file, dict(halves[0].named_parameters()), halves[1], halves[2], step=3)
    header = load_state(file, dict(later[0].named_parameters()), later[1], later[2])
    go_on(*later, range(header["step"], 6))
    for a, b in zip(through[0].parameters(), later[0].parameters(), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(through[2].shadow_params, later[2].shadow_params, strict=True):
        assert torch.equal(a, b)


def test_nested_states_and_numbers_survive():
    net, opt, _ = training()
    weight = net.weight
    opt.state[weight] = {
        "step": 3,
        "table": {"codes": torch.ones(2), "deep": {"x": 1.5}},
        "moment": torch.zeros(2),
    }
    tensors, numbers = pack_optimiser(opt, "a")
    assert set(tensors) == {"a.0.table.codes", "a.0.moment"}
    assert numbers == {"a.0.step": 3, "a.0.table.deep.x": 1.5}
    other = training()
    unpack_optimiser(other[1], tensors | numbers | {"b.0.step": 9}, "a")
    state = other[1].state[other[0].weight]
    assert (
        state["step"] == 3
        and state["table"]["deep"] == {"x": 1.5}
        and torch.equal(state["table"]["codes"], torch.ones(2))
    )


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "state.safetensors"
    write_tensors(file, {"a": torch.ones(2)}, step=1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device; make room"):  # none is there to keep
        write_tensors(tmp_path / "first.safetensors", {"a": torch.ones(2)}, step=1)
    with pytest.raises(OSError, match="No space left on device; the last checkpoint is kept, make room"):
        write_tensors(file, {"a": torch.zeros(2)}, step=2)
    tensors, header = read_tensors(file)
    assert header == {"step": 1} and tensors["a"].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


@pytest.mark.parametrize("title", ["", "x", "xxxxxxxx" * 3])
def test_what_is_read_lies_where_torch_puts_its_own(tmp_path, title):
    "Kernels add in another order where a tensor begins elsewhere than at a multiple of 64 bytes."
    file = tmp_path / "features.safetensors"
    written = {name: torch.rand(n, 3) for name, n in (("a", 5), ("b", 7), ("c", 1))}
    write_tensors(file, written, title=title)
    tensors, _ = read_tensors(file)
    assert all(torch.equal(written[name], tensor) for name, tensor in tensors.items())
    assert [tensor.data_ptr() % 64 for tensor in tensors.values()] == [0, 0, 0]


@pytest.mark.parametrize("content", [b"", b"half", bytes(4000), None])
def test_a_file_that_is_not_whole_is_said_and_left_out(tmp_path, content):
    file = tmp_path / "state.safetensors"
    assert read_if_whole(file) is None
    write_tensors(file, {"a": torch.ones(200)}, step=1)
    assert read_if_whole(file)[1] == {"step": 1}
    file.write_bytes(file.read_bytes()[:-8] if content is None else content)
    with pytest.warns(UserWarning, match="state.safetensors is damaged"):
        assert read_if_whole(file) is None
    net, opt, _ = training()
    before = net.weight.detach().clone()
    with pytest.warns(UserWarning, match="is damaged"):
        assert load_state(file, dict(net.named_parameters()), opt) is None
    assert torch.equal(net.weight, before)


def test_a_file_without_our_header_is_not_ours(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    with pytest.warns(UserWarning, match="a.safetensors was not written here.*as good as missing"):
        assert read_if_whole(tmp_path / "a.safetensors") is None


@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
@pytest.mark.parametrize("size", [0, 4, 200])
def test_a_damaged_weight_file_is_named(tmp_path, ending, size):
    file = tmp_path / f"weights{ending}"
    if ending == ".pt":
        torch.save({"a": torch.ones(100)}, file)
    else:
        write_tensors(file, {"a": torch.ones(100)})
    assert read_weights(file)["a"].sum() == 100
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ValueError, match=f"weights{ending} is damaged"):
        read_weights(file)


def test_a_damaged_checkpoint_and_one_of_somebody_else_are_named(tmp_path):
    file = tmp_path / "state.safetensors"
    save_file({"a": torch.ones(2)}, file)
    with pytest.raises(ValueError, match="state.safetensors was not written here: it has no header"):
        read_tensors(file)
    for text in ("{", "[1]"):
        save_file({"a": torch.ones(2)}, file, {"meta": text})
        with pytest.raises(ValueError, match="state.safetensors is damaged: its header is no object"):
            read_tensors(file)
    file.write_bytes(b"not at all")
    with pytest.raises(ValueError, match="state.safetensors is damaged"):
        read_tensors(file)
    with pytest.raises(FileNotFoundError), open_safetensors(tmp_path / "none.safetensors"):
        pass


def test_equal_tensors_and_entries_are_equal_bytes(tmp_path):
    "safetensors writes the entries of a header in another order each time."
    tensors, entries = {"b": torch.ones(2), "a": torch.zeros(3)}, {str(i): '\u00e9\n"' * i for i in range(9)}
    files = [tmp_path / f"{number}.safetensors" for number in range(5)]
    for file in files:
        save_safetensors(tensors, file, entries)
    assert len({file.read_bytes() for file in files}) == 1
    with open_safetensors(files[0]) as opened:
        assert opened.metadata() == entries and torch.equal(opened.get_tensor("b"), tensors["b"])
    save_safetensors(tensors, files[0])
    with open_safetensors(files[0]) as opened:
        assert set(opened.keys()) == {"a", "b"}


def test_the_damaged_file_of_a_folder_is_found_when_its_reader_fails(tmp_path):
    write_tensors(tmp_path / "model.safetensors", {"a": torch.ones(2)})
    (tmp_path / "config.json").write_text("{}")
    assert find_damage(tmp_path) is None and find_damage(tmp_path / "none") is None
    with pytest.raises(MemoryError, match="another trouble"), naming_damage(tmp_path):
        raise MemoryError("another trouble")
    with pytest.raises(ValueError, match=f"{tmp_path} holds what cannot be read: KeyError: 'size'"):
        with naming_damage(tmp_path):
            raise KeyError("size")  # of a whole file without an entry that its library expects
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(ValueError, match="config.json is damaged: it holds no object"):
        with naming_damage(tmp_path):
            raise TypeError("list indices must be integers")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json is damaged") as raised, naming_damage(tmp_path):
        raise KeyError("what a library says")
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_colleague_can_read_a_checkpoint(tmp_path):
    with readable_by_all():
        write_tensors(tmp_path / "x.safetensors", dict(a=torch.zeros(2)))
    assert modes(tmp_path) == {"0o644"}


def _die_while_writing(file):
    "As safetensors writes: beside the file that it was given, under a name of its own."

    def save_file(tensors, target, entries):
        (Path(target).parent / ".tmpAbC123").write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)

    checkpoints.save_file = save_file
    checkpoints.write_tensors(file, dict(a=torch.ones(2)))


@pytest.mark.parametrize("swept", [False, True])
def test_what_a_kill_leaves_half_written_goes(tmp_path, killed, swept):
    file = tmp_path / "checkpoint.safetensors"
    assert killed(_die_while_writing, file) == -signal.SIGKILL
    assert list(tmp_path.iterdir())
    if swept:
        sweep_away(tmp_path, "kept.", "checkpoint.")
        assert not list(tmp_path.iterdir())
    checkpoints.write_tensors(file, dict(a=torch.ones(2)))
    assert list(tmp_path.iterdir()) == [file]

"Whether the loss may be used: what its adapter's pictures have lost in variety."
from types import SimpleNamespace
import numpy as np, pytest
from spurious_core import class_wise
from spurious_core.class_wise import draw_set, load_kit, loss_affordable
from spurious_core.generate import load_image_set
from spurious_core.miniworld import Item, SCENES, render

KIT = load_kit('mini')
def places(names, seed=0): return np.stack([render(Item(v, seed=seed + i)).image for i, v in enumerate(names)])
REAL = places(list(SCENES)*2)

@pytest.fixture
def drawn(monkeypatch):
    "Instead of drawing: what an adapter of this name would draw."
    sets = dict(many=places(list(SCENES), 50), few=places(['water']*7 + list(SCENES)[:3], 50), one=places(['water']*10, 50)); asked = []
    monkeypatch.setattr(class_wise, 'draw_set', lambda kit, target, seed, folder, n, adapter, noise: asked.append((seed, str(folder), n, adapter, noise)) or sets[adapter])
    return asked

def test_a_loss_that_draws_one_place_is_not_used(drawn, tmp_path):
    r = loss_affordable(KIT, None, 3, tmp_path, 'one', 'many', REAL, 10)
    assert not r['kept'] and r['loss'] < .3 < .8 < r['plain']
    assert drawn == [(3, str(tmp_path/'plain'), 10, 'many', 'validation'), (3, str(tmp_path/'loss'), 10, 'one', 'validation')]

def test_it_is_used_where_variety_stays_or_grows_and_up_to_the_limit(drawn, tmp_path):
    assert loss_affordable(KIT, None, 0, tmp_path, 'many', 'many', REAL, 10)['kept'] and loss_affordable(KIT, None, 0, tmp_path, 'many', 'one', REAL, 10)['kept']
    r = loss_affordable(KIT, None, 0, tmp_path, 'few', 'many', REAL, 10); lost = r['plain'] - r['loss']; assert lost > .1 and not r['kept']
    assert loss_affordable(KIT, None, 0, tmp_path, 'few', 'many', REAL, 10, limit=lost + 1e-6)['kept']

def test_pictures_have_the_same_noise_whatever_the_arm_and_validation_another(tmp_path):
    target = SimpleNamespace(prompts=['a photo of an empty sks scene at the beach', 'a photo of an empty sks scene indoors'], y=1, label='house')
    a, b, v = (draw_set(KIT, target, 0, tmp_path/k, 2, None, noise, arm=k) for k, noise in (('a', 'images'), ('b', 'images'), ('v', 'validation')))
    assert (a == b).all() and (a != v).any() and load_image_set(tmp_path/'a').prompt.str.contains('empty scene').all()

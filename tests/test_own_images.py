"The ASPIRE study on images of one's own: folders named after the classes, a classifier, and nothing else."
import json
import pytest
from PIL import Image
from spurious_core.classifiers import ClassifierTraining, save_classifier, train_classifier
from spurious_core.datasets import world_images
from spurious_core.miniworld import get_world
from spurious_core.recipes import small_resnet
from spurious_core.runs import RunError, run_study

@pytest.fixture(scope='module')
def own(tmp_path_factory):
    root = tmp_path_factory.mktemp('own'); data = world_images(get_world('waterbirds'), 100, 'train', 100)
    for i, (im, y) in enumerate(zip(data.images(), data.y)): p = root/'images'/data.labels[y]/f'{i:03d}.png'; p.parent.mkdir(parents=True, exist_ok=True); Image.fromarray(im).save(p)
    clf = small_resnet(data.labels); train_classifier(clf, data.images(), data.y, ClassifierTraining(epochs=4), progress=False)
    return dict(folder=str(root/'images'), classifier=str(save_classifier(clf, root/'classifier')))

def test_find_and_cure_on_own_images(own, tmp_path):
    out = run_study('aspire', dict(budget='smoke') | own, tmp_path/'run', progress=False); m = json.loads((out/'metrics.json').read_text())
    assert {'wga.ERM', 'wga.ERM_plus_aspire', 'gain.ERM'} <= set(m) and not any('recall' in k for k in m)      # nothing is known to mark the list against
    assert 0 <= m['wga.ERM_plus_aspire']['value'] <= 1 and list((out/'figures').glob('*.png'))

def test_folder_and_classifier_belong_together(own, tmp_path):
    with pytest.raises(RunError, match='folder and classifier belong together'): run_study('aspire', dict(budget='smoke', folder=own['folder']), tmp_path/'run', progress=False)

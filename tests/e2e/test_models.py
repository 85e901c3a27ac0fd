"""A model of one's own, from its file to a report."""

import json
import shutil

from e2e.conftest import ROOT, MakeWorkplace

MATRIX = """\
axes:
  runtime: builtin
  kernels: simd
  clock: 216 MHz
  model: [own, mlperf-autoencoder, lost]
  board: virtual-f746
repeat: 1
health: off
"""
DATA = ROOT / "tests" / "adapters" / "models" / "data"


def test_models_with_several_inputs_and_outputs_are_entered_and_run(
    make_workplace: MakeWorkplace,
) -> None:
    workplace = make_workplace()
    entered = workplace.doit("model", str(DATA / "operators-int8.tflite"), "--as", "own", "--seed", "3")
    assert entered.returncode == 0, entered.stdout + entered.stderr
    lost = (workplace.root / "matrix" / "models" / "own.yaml").read_text().replace("own.json", "lost.json")
    (workplace.root / "matrix" / "models" / "lost.yaml").write_text(lost)
    workplace.write_matrix("models", MATRIX)

    ran = workplace.doit("matrix", "models")

    assert "Traceback" not in ran.stdout + ran.stderr
    assert ran.returncode == 1
    records = [json.loads(path.read_text()) for path in workplace.records("models")]
    assert {record["variant"] for record in records} == {
        f"builtin_simd_216MHz_{model}" for model in ("own", "mlperf-autoencoder")
    }
    assert {record["status"] for record in records} == {"ok"}
    shapes = {
        record["axes"]["model"]: [
            record["measurement"]["output"]["shape"],
            *(output["shape"] for output in record["measurement"]["further_outputs"]),
        ]
        for record in records
    }
    assert shapes == {"own": [[1, 7], [1, 9, 8, 6], [1, 8, 5]], "mlperf-autoencoder": [[1, 640]]}
    assert "firmware/models/golden/lost.json, which belongs to a model, cannot be read" in ran.stdout

    # What is kept is held against its log, all outputs of it.
    assert workplace.doit("verify", "models").returncode == 0
    lines = workplace.doit("replay", "models").stdout.splitlines()
    of_records = [line for line in lines if line.startswith("results/models/records/")]
    assert len(of_records) == 2
    assert all(line.endswith(": the same, byte for byte") for line in of_records), of_records


def test_golden_answers_of_another_model_fail_with_what_to_do(
    make_workplace: MakeWorkplace,
) -> None:
    workplace = make_workplace()
    golden = workplace.root / "firmware" / "models" / "golden"
    shutil.copy(golden / "mlperf-vww.json", golden / "mlperf-kws.json")
    workplace.write_matrix("stale", MATRIX.replace("[own, mlperf-autoencoder, lost]", "mlperf-kws"))
    ran = workplace.doit("matrix", "stale")
    assert ran.returncode == 1
    assert "Golden outputs mlperf-kws.json were made from another model." in ran.stdout + ran.stderr
    assert "Make it again: doit model mlperf-kws" in ran.stdout + ran.stderr
    assert workplace.doit("model", "mlperf-kws").returncode == 0
    assert workplace.doit("matrix", "stale").returncode == 0

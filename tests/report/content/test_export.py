"""What is exported of a report."""

from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.export import exported_results
from mcumatrix.report.content.report import make_report
from mcumatrix.report.content.tables import number_cases
from support.variants import a_record, a_variant, an_asked_record


def test_accuracies_are_exported_with_the_tables_beside_them() -> None:
    variants = [a_variant("v0"), a_variant("v1")]
    cases = number_cases(variants, [a_record(), an_asked_record((0, 1, 1, 1), correct=3, set_samples=4)])
    report = make_report(Matrix("m", "", (), tuple(variants), ()), cases)
    tables = {table.heading: table for table in exported_results(report, cases, None).tables}
    assert report.accuracy is not None
    assert (tables["Accuracy"].header, tables["Accuracy"].rows) == (
        report.accuracy.header,
        report.accuracy.rows,
    )
    assert [*tables][-2:] == ["Accuracy", "Sizes"]

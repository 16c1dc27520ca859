"""What turns figures into tables, without measuring anything."""

import types
import unittest

import growth
import report
import rows

PLAN = types.SimpleNamespace(history=(10_000, 100_000), large=5_000, alarms=60, kills=10, rounds=2)


def figures(**measured):
    made = rows.Figures()
    for name, entries in measured.items():
        for entry in entries:
            made.add(name.replace("_", " "), entry)
    return made


class Rows(unittest.TestCase):
    row = rows.Row("bids", "bids/s", "2 ×", 2, ("agora", "rate"), (("NATS", "nats", "ops"),), compare=True)

    def test_a_ratio_is_that_of_the_same_round(self):
        rates, ops = (100, 300, 500), (50, 100, 100)
        measured = figures(agora=[{"rate": rate} for rate in rates], nats=[{"ops": each} for each in ops])
        self.assertEqual(self.row.ratios(measured), [2, 3, 5])
        self.assertEqual(
            self.row.cells(measured, PLAN),
            ["bids/s", "2 ×", "300 (100–500)", "NATS 100 (50–100)", "× 3 (2–5)", "yes"],
        )

    def test_a_round_that_lacks_one_has_no_ratio(self):
        measured = figures(agora=[{"rate": 100}, {"not-measured": "it broke"}], nats=[{"ops": 80}, {"ops": 1}])
        self.assertEqual(self.row.ratios(measured), [1.25])
        self.assertEqual(self.row.cells(measured, PLAN)[-1], "no")

    def test_what_was_not_measured_says_why(self):
        measured = figures(agora=[{"not-measured": "it broke"}])
        told = self.row.cells(measured, PLAN)
        self.assertEqual(told[2:], ["not measured: it broke", "NATS not measured: no figure", "", "?"])

    def test_a_short_run_does_not_meet_a_long_target(self):
        row = rows.Row("alarms", "", "", 0, ("alarms lan", "changes"), at_most=True, short=rows.hour)
        self.assertEqual(row.cells(figures(alarms_lan=[{"changes": 0}]), PLAN)[-1], "yes, in 60 s")
        self.assertEqual(row.cells(figures(alarms_lan=[{"changes": 1}]), PLAN)[-1], "no")

    def test_lists_of_figures_count_singly(self):
        measured = figures(agora=[{"rate": [1, 2]}, {"rate": [9]}])
        self.assertEqual(measured.values("agora", "rate"), [1, 2, 9])

    def test_every_row_needs_what_is_measured(self):
        import measurements

        known = measurements.EACH_ROUND | measurements.ONCE
        self.assertEqual([name for row in rows.ROWS for name in row.needs() if name not in known], [])

    def test_all_rows_are_told_of_a_run_that_measured_nothing(self):
        head, lines = rows.targets(figures(), rows.ROWS, PLAN)
        self.assertTrue(all(len(line) == len(head) for line in lines))
        for table in growth.TABLES.values():
            head, lines = growth.lines(table, {})
            self.assertTrue(all(len(line) == len(head) for line in lines))


class Report(unittest.TestCase):
    def test_what_is_between_markers_is_replaced_and_nothing_else(self):
        page = "before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter\n"
        self.assertEqual(report.put(page, "a", "new"), page.replace("old", "new"))

    def test_markers_are_made_where_there_are_none(self):
        self.assertEqual(report.put("page\n", "a", "new"), "page\n\n<!-- a:begin -->\nnew\n<!-- a:end -->\n")
        self.assertEqual(report.put("", "a", "new"), "<!-- a:begin -->\nnew\n<!-- a:end -->\n")

    def test_a_cell_cannot_end_its_table(self):
        self.assertEqual(report.table(["a"], [["x|y\nz"]]), "| a |\n|---|\n| x\\|y z |")


if __name__ == "__main__":
    unittest.main()

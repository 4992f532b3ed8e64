# kinds of jobs
MEASURE, DECIDE, TRY = "evaluation.measure", "evaluation.decide", "evaluation.try_gate"
BELIEVE, PEOPLE = "evaluation.believe", "evaluation.people"

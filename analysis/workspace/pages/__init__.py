"""What each notebook shows of its stage: one class a stage, one method a chapter.

A chapter takes the steps whose checks and key figures it shows; its tables and figures come from
the stored results, laid out as :mod:`analysis.present.views` declares them. Nothing is computed.
Programmes in which nothing is rolled out to sites have a class of their own for each stage.
"""

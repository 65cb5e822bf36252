"""From one plain source per lab to the notebooks: for authors only; no lab imports this.

project.py   the folders, and what a lab is made of
source.py    reads notebooks/source/NN_name.py (jupytext percent) into cells with line numbers
validate.py  what is wrong with a source, line by line
asked.py     is each quiz question asked, each prediction compared?
package.py   what is wrong with a lab's exercises, line by line
complete.py  what belongs to a lab beside these, and files that no lab finds
solutions.py solution regions and the stubs that replace them
notebook.py  cells to student and solution notebooks
protect.py   is there a student's work in this notebook?
reference.py runs the solution notebook for the texts of the key figures
stamps.py    what is made from the course's address: badges, README's tables, the set-up cell
links.py     changes the course's address                      (labkit links)
build.py     all of it together                                (labkit build)
new.py       a new lab or exercise from template/              (labkit new)
"""

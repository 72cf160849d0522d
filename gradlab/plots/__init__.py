"""Pictures of a descent, and of the error of finite differences. matplotlib is imported only inside the functions.

Every function takes ``ax=None``, an Axes to draw on, and returns the Axes it drew on. Without one it makes a
figure of its own: in IPython and Jupyter through pyplot, which shows it under the cell; anywhere else apart from
pyplot, so that a program that draws a thousand pictures leaves no open figure behind. A script that wants a window
makes the Axes itself: ``figure, ax = plt.subplots(); run.plot(ax=ax); plt.show()``.
Save a picture by ``ax.figure.savefig("run.png")``.

The colours are Okabe & Ito's (2008), which colour-blind readers tell apart; markers, dashes and lightness say the
same again for a reader of a grey copy. No global setting of matplotlib is changed.
"""

from gradlab.plots.descents import contour, curve, fit, fits, losses, trajectory
from gradlab.plots.step_errors import step_sizes

__all__ = ["contour", "curve", "fit", "fits", "losses", "step_sizes", "trajectory"]

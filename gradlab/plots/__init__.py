"""Pictures of descents, of rates, and of the error of finite differences. matplotlib is imported only inside functions.

Every function takes ``ax=None``, an Axes to draw on, and returns the Axes it drew on. Without one it makes a
figure of its own: in IPython and Jupyter through pyplot, which shows it under the cell; anywhere else apart from
pyplot, so that a program that draws a thousand pictures leaves no open figure behind. A script that wants a window
makes the Axes itself: ``figure, ax = plt.subplots(); run.plot(ax=ax); plt.show()``.
Save a picture by ``ax.figure.savefig("run.png")``.

The colours are Okabe & Ito's (2008), which colour-blind readers tell apart; markers, dashes and lightness say the
same again for a reader of a grey copy. No global setting of matplotlib is changed.
"""

from gradlab.plots.animations import animate
from gradlab.plots.fitting import fit, fits
from gradlab.plots.histories import directions, losses, routes, validation
from gradlab.plots.landscapes import landscape
from gradlab.plots.paths import contour, curve, field, surface, trajectory
from gradlab.plots.slopes import secants, slices
from gradlab.plots.step_errors import step_sizes
from gradlab.plots.sweeps import rates

__all__ = [
    "animate",
    "contour",
    "curve",
    "directions",
    "field",
    "fit",
    "fits",
    "landscape",
    "losses",
    "rates",
    "routes",
    "secants",
    "slices",
    "step_sizes",
    "surface",
    "trajectory",
    "validation",
]

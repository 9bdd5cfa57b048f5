"""Siting: who a sketched site would reach, and where sites would do most."""

from hjp_geo.siting.assess import CENTROID_RULE, Assessment, Candidate, Reached, assess

__all__ = ["CENTROID_RULE", "Assessment", "Candidate", "Reached", "assess"]

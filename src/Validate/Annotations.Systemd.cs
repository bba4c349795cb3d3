using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void SystemdAnnotation(Pair pair)
    {
        if (pair.Key.Is("run.oci.systemd.force_cgroup_v1"u8))
        {
            Refuse(Annotation(
                pair,
                "cgroup v1 is not supported",
                "remove the annotation; the program in the container must know cgroup v2"));
        }
    }
}

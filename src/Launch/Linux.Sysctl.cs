using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // A namespace named by a path can be the runtime's own: a parameter of it would be set for the host.
    private void CheckSysctl(JoinedNamespace joined, int fd)
    {
        if (_config.Linux?.Sysctl is not { Length: > 0 } sysctl)
            return;
        string type = Planner.NamespaceName(joined.Flag);
        if (Validator.FirstSysctl(sysctl, type) is not Pair first)
            return;
        string own = "/proc/self/ns/" + (type == "network" ? "net" : type);
        if (Sys.fstat(fd, out stat there) < 0 || Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(own), out stat here, 0) < 0
            || there.st_ino != here.st_ino || there.st_dev != here.st_dev)
            return;
        throw new FaultException(new Fault($"sysctl \"{first.Key}\" not allowed in host {type} namespace")
        {
            Field = $"linux.sysctl[\"{first.Key}\"]",
            Value = first.Value.ToString(),
            Hint = $"{joined.Path} is the runtime's own namespace; remove the path for a new one",
        });
    }
}

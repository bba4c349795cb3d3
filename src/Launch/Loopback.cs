using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>The interface <c>lo</c>, which a new network namespace has down.</summary>
internal static unsafe class Loopback
{
    /// <summary>Brings it up in the network namespace of a socket: 0 or a negative errno.</summary>
    public static int Raise(int socket)
    {
        ifreq request = default;
        request.ifr_name[0] = (byte)'l';
        request.ifr_name[1] = (byte)'o';
        int result = Sys.ioctl(socket, Uapi.SIOCGIFFLAGS, &request);
        if (result < 0)
            return result;
        request.ifr_flags |= Uapi.IFF_UP;
        return Sys.ioctl(socket, Uapi.SIOCSIFFLAGS, &request);
    }
}

# The first process of a router, in namespaces of its own: everything dies with it.
# Usage: boot.sh FOLDER NAME ADDRESS/LENGTH
set -e
exec </dev/null 2>&1
folder=$1 name=$2 address=$3
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/frr
umask 022
hostname "$name"

# What it writes stays in its own folder or in memory.
chown -R frr:frrvty "$folder/frr"
chmod 775 "$folder/frr"
mount --bind "$folder/frr" /etc/frr
for list in passwd group shadow; do mount --bind "$folder/etc/$list" "/etc/$list"; done
mount -t tmpfs -o mode=755 tmpfs /var/tmp
chmod 1777 /var/tmp
cp -r "$folder/ssh" "/var/tmp/ssh"
mount -t tmpfs -o mode=755 tmpfs /run
mv /var/tmp/ssh /run/ssh
mkdir -p /run/sshd /run/home
for user in netops vtyonly; do install -d -o "$user" -g "$user" -m 700 "/run/home/$user"; done

# The other ends of these are moved in from outside while this waits.
tries=500
until ip link show mgmt0 && ip link show eth1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "no link came"; exit 1; }
    sleep 0.02
done >/dev/null 2>&1
ip link set lo up
ip addr add "$address" dev mgmt0
ip link set mgmt0 up
ip link set eth0 up
ip link set eth1 up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

/usr/lib/frr/frrinit.sh start
/usr/sbin/sshd -E /run/sshd.log -f /run/ssh/sshd_config
echo up
while :; do
    sleep 3600 &
    wait $!
done
